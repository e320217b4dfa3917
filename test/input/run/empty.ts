export const nothing = 'no test here';
